export * from './allow-list.ts';
export * from './context.ts';
export * from './observe.ts';
