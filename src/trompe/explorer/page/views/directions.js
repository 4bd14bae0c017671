// @ts-check
/** @type {import("../main.js").View} */
export const view = {
  name: "directions",
  title: "Directions",
  requires: ["decoder", "flat images"],
  mount(root) {
    root.append("to come");
  },
};
