// The Vue component behind SheetGrid: it hands messages between NiceGUI and the sheet.
import { Sheet } from "sheets-page/sheet.js";

export default {
  template: '<div class="sheet"></div>',
  emits: ["ready", "cell", "edit", "paste", "picked", "jump", "width", "undo", "refused"],
  mounted() {
    this.sheet = new Sheet(this.$el, (name, detail) => this.$emit(name, detail));
    this.$emit("ready", { hash: location.hash.slice(1) });
  },
  unmounted() {
    this.sheet.close();
  },
  methods: {
    load(text) {
      this.sheet.load(JSON.parse(text));
    },
    patch(text) {
      this.sheet.patch(JSON.parse(text));
    },
    goTo(text) {
      const { row, column } = JSON.parse(text);
      this.sheet.goTo(row, column);
    },
    showHidden(text) {
      this.sheet.showHidden(JSON.parse(text).shown);
    },
    takeFocus() {
      this.sheet.takeFocus();
    },
  },
};
