// The function trained beside relu. store.state.train is raised by one when "Train beside relu" is pressed.
import { figureIn } from "./figure.js";

export const TRAIN_FIELDS = {};

export function mountTrain(place, store) {}
