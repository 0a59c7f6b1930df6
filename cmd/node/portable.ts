/**
 * The node in the portable layout: each part is a bundle of its own beside this one. A runtime reads
 * and checks a file as a whole before it runs any of it, and the largest part is fifty times the
 * smallest.
 *
 * @module
 */
import { dispatch } from "./dispatch.ts";

const load = (name: string) => import(new URL(`${name}.js`, import.meta.url).href);

await dispatch({ role: load, worker: load });
