// @ts-check
/** The views, in the order of their tabs. Another is one more module and a line here. */
import { view as map } from "./map.js";
import { view as morph } from "./morph.js";
import { view as directions } from "./directions.js";
import { view as progress } from "./progress.js";
import { view as gradient } from "./gradient.js";
import { view as plane } from "./plane.js";
import { view as live } from "./live.js";
import { view as denoise } from "./denoise.js";
import { view as layers } from "./layers.js";

/** @type {import("../main.js").View[]} */
export const VIEWS = [map, morph, directions, progress, gradient, plane, denoise, layers, live];
