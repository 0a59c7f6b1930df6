/** The thread's side of `readApart`: reads what it is started with, answers once and ends. */
import { parentPort, workerData } from "node:worker_threads";
import { readConfig, type ReadOrder } from "./reading.ts";

parentPort?.postMessage(readConfig(workerData as ReadOrder));
