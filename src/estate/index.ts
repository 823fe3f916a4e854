export * from './errors.ts';
export * from './load.ts';
export * from './template.ts';
export * from './validate.ts';
export * from './vocabulary.ts';
