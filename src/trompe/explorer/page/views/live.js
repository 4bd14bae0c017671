// @ts-check
/** @type {import("../main.js").View} */
export const view = {
  name: "live",
  title: "Live",
  requires: ["decoder", "flat images"],
  mount(root) {
    root.append("to come");
  },
};
