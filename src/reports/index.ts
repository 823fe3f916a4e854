export * from './assessment-json.ts';
export * from './markdown.ts';
export * from './summary.ts';
