// @ts-check
/** @type {import("../main.js").View} */
export const view = {
  name: "map",
  title: "Map",
  requires: ["decoder", "flat images"],
  mount(root) {
    root.append("to come");
  },
};
