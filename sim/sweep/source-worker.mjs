/**
 * A worker in a checkout that is not compiled: Node gives the loader of the command line to its first
 * thread only, so this one installs the loader in its own thread, and then loads the worker proper.
 */

import { workerData } from 'node:worker_threads';
import { register } from 'tsx/esm/api';

register();
const [, file] = workerData;
export const { work, ready } = await import(file);
