// @ts-check
/** @type {import("../main.js").View} */
export const view = {
  name: "plane",
  title: "Game in the plane",
  requires: ["decoder", "flat images"],
  mount(root) {
    root.append("to come");
  },
};
