export * from './controls';
export * from './disclosure';
export * from './display';
export * from './format';
export * from './later';
export * from './overlays';
export * from './submit';
