export * from './bundled.ts';
export * from './compile.ts';
export * from './engine.ts';
export * from './errors.ts';
