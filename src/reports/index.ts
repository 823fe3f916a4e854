export * from './assessment-json.ts';
export * from './history-html.ts';
export * from './markdown.ts';
export * from './summary.ts';
