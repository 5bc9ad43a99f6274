// The tests of the window open its built files: they are built before them if they are older than their source.
export { buildWindow as default } from './global-setup.ts';
