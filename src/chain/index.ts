export * from './build.ts';
export * from './extra-data.ts';
export * from './find-block.ts';
export * from './header.ts';
export * from './prove.ts';
export * from './quorum.ts';
export * from './rules.ts';
