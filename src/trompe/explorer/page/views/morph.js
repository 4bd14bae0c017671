// @ts-check
/** @type {import("../main.js").View} */
export const view = {
  name: "morph",
  title: "Morph",
  requires: ["decoder", "flat images"],
  mount(root) {
    root.append("to come");
  },
};
