/** Stands in for the CMS while the pages are worked on: the same paths, an invented quarter. */
import type { Plugin } from 'vite';

export function mock(): Plugin {
  return { name: 'mock-cms' };
}
