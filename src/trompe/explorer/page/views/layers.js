// @ts-check
/** @type {import("../main.js").View} */
export const view = {
  name: "layers",
  title: "Convolutions",
  requires: ["flat images"],
  verbs: ["layers"],
  mount(root) {
    root.append("to come");
  },
};
