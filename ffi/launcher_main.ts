/**
 * A launcher Worker's own module, for programs that are not a bundle: its URL goes to launch().
 *
 * @module
 */
import { type LauncherScope, serveLauncher } from "./launcher_worker.ts";

serveLauncher(self as unknown as LauncherScope);
