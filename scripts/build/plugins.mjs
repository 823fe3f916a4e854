// What the bundle needs of esbuild, each with its reason. All of it is about time to the first screen: what is not wanted is not loaded.
import { readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { fileURLToPath } from 'node:url';

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

/**
 * The layout engine carries its WebAssembly as a data: address that it fetches, for which Node.js loads a whole HTTP client. Handed over as
 * bytes, nothing needs to be fetched.
 */
const layoutAsBytes = {
  name: 'layout-as-bytes',
  setup(builder) {
    const DATA = /="data:application\/octet-stream;base64,([\w+/=]+)"/;
    const loaderFile = /yoga-layout\/dist\/binaries\/yoga-wasm-base64-esm\.js$/;
    let wasm = null;
    builder.onResolve({ filter: /^yoga-bytes$/ }, () => ({ path: 'yoga', namespace: 'wasm' }));
    builder.onLoad({ filter: /.*/, namespace: 'wasm' }, () => ({ contents: wasm, loader: 'binary' }));
    builder.onLoad({ filter: loaderFile }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const found = DATA.exec(text);
      if (found === null) throw new Error(`${path} is not as it was: its WebAssembly was not found`);
      wasm = Buffer.from(found[1], 'base64');
      const bare = text.replace(DATA, '="data:application/octet-stream;base64,"');
      const named = bare.replace('export default loadYoga;', '');
      if (named === bare) throw new Error(`${path} is not as it was: it does not export loadYoga`);
      return {
        contents: `import bytes from 'yoga-bytes';\n${named}\nexport default () => loadYoga({ wasmBinary: bytes });`,
        loader: 'js',
      };
    });
  },
};

/** Every part of the program, Ink and its helpers too, measures text by the same module. */
const widthWhenWanted = {
  name: 'width-when-wanted',
  setup(builder) {
    const stand = fileURLToPath(new URL('./width.mjs', import.meta.url));
    builder.onResolve({ filter: /^string-width$/ }, ({ importer }) =>
      importer === stand ? undefined : { path: stand },
    );
  },
};

export const plugins = [stub, builtinsWhenUsed, layoutAsBytes, widthWhenWanted];
