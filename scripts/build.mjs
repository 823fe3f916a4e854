// Makes the production bundle: dist/c138.mjs (command line, console and worker in one file), dist/signer.mjs (the process that
// holds keys, alone), and the runbooks and schemas that they read.
import { cp, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

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

/** Packages that are only wanted in development and would otherwise be looked for outside the bundle. */
const stub = {
  name: 'stub-development-packages',
  setup(builder) {
    builder.onResolve({ filter: /^react-devtools-core$/ }, () => ({ path: 'empty', namespace: 'stub' }));
    builder.onLoad({ filter: /.*/, namespace: 'stub' }, () => ({ contents: 'export default {};' }));
  },
};

/**
 * Parts of Node.js are required where they are first used. As ESM imports all of them would be loaded before the first
 * line runs, and `node:http` would bring a whole second HTTP client with it only to list its exports.
 */
const builtinsWhenUsed = {
  name: 'builtins-when-used',
  setup(builder) {
    builder.onResolve({ filter: /^[\w:/]+$/ }, ({ path }) =>
      isBuiltin(path) ? { path, namespace: 'builtin' } : undefined,
    );
    builder.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = __banner_require(${JSON.stringify(path)});`,
    }));
  },
};

async function bundle(entry, name) {
  const result = await build({
    entryPoints: [join(root, entry)],
    outfile: join(work, name),
    absWorkingDir: root,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    minify: true,
    metafile: true,
    logLevel: 'warning',
    conditions: ['bundle'],
    define: { 'process.env.NODE_ENV': '"production"' },
    // Native parts are optional: with them left out, the packages use their own JavaScript.
    external: ['*.node', 'cpu-features'],
    banner: { js: banner },
    plugins: [stub, builtinsWhenUsed],
  });
  return Object.keys(result.metafile.inputs);
}

await rm(work, { recursive: true, force: true });
await mkdir(work, { recursive: true });
try {
  const packageOf = (path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1];
  await bundle('src/cli/entry.ts', 'c138.mjs');
  const signer = await bundle('src/signer/main.ts', 'signer.mjs');
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
