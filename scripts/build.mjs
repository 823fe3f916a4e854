// Makes the production bundle: dist/c138.mjs (command line, console and worker, in parts that are read when they are first wanted),
// dist/signer.mjs (the process that holds keys, alone), and the runbooks and schemas that they read.
import { cp, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { plugins } from './build/plugins.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const work = join(root, `dist.${process.pid}`);

/** CommonJS packages in an ESM file need these; long names, because short ones meet those of the minifier. */
const banner = [
  "import{createRequire as __banner_create_require}from'node:module';",
  "import{fileURLToPath as __banner_file_url_to_path}from'node:url';",
  "import{dirname as __banner_dirname}from'node:path';",
  'const __banner_require=__banner_create_require(import.meta.url),require=__banner_require,',
  '__filename=__banner_file_url_to_path(import.meta.url),__dirname=__banner_dirname(__filename);',
].join('');

/** @param parts whether what is imported later goes into files of its own */
async function bundle(entries, parts) {
  const result = await build({
    entryPoints: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(root, file)])),
    outdir: work,
    outExtension: { '.js': '.mjs' },
    splitting: parts,
    chunkNames: 'part-[hash]',
    absWorkingDir: root,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    minify: true,
    metafile: true,
    logLevel: 'warning',
    conditions: ['bundle'],
    define: { 'process.env.NODE_ENV': '"production"', 'Intl.Segmenter': 'LazySegmenter' },
    // Native parts are optional: with them left out, the packages use their own JavaScript.
    external: ['*.node', 'cpu-features'],
    banner: { js: banner },
    plugins,
    inject: [join(root, 'scripts/build/lazy-segmenter.mjs')],
  });
  return Object.keys(result.metafile.inputs);
}

await rm(work, { recursive: true, force: true });
await mkdir(work, { recursive: true });
try {
  const packageOf = (path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
  await bundle({ c138: 'src/cli/entry.ts', thread: 'src/cli/thread.ts' }, true);
  const signer = await bundle({ signer: 'src/signer/main.ts' }, false);
  await cp(join(root, 'src', 'runbooks', 'bundled'), join(work, 'runbooks'), { recursive: true });
  await cp(join(root, 'schemas'), join(work, 'schemas'), { recursive: true });
  // The bundle looks for this file beside itself.
  const secp256k1 = fileURLToPath(import.meta.resolve('tiny-secp256k1'));
  await cp(join(dirname(secp256k1), 'secp256k1.wasm'), join(work, 'secp256k1.wasm'));
  await rm(dist, { recursive: true, force: true });
  await rename(work, dist);
  const kb = async (name) => `${Math.round((await stat(join(dist, name))).size / 1000)} kB`;
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const packages = [...new Set(signer.map(packageOf).filter((one) => one !== undefined))].sort();
  console.log(
    `c138 ${version}: dist/c138.mjs ${await kb('c138.mjs')}, dist/signer.mjs ${await kb('signer.mjs')}`,
  );
  console.log(`packages in the signer: ${packages.join(', ') || 'none'}`);
} finally {
  await rm(work, { recursive: true, force: true });
}
