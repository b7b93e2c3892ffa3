// The Vue component behind ScriptRunner: it hands messages between NiceGUI and the script's window.
import { ScriptWindow } from "sheets-page/script_window.js";

export default {
  template: '<aside class="script-sidebar"></aside>',
  emits: ["ready", "started", "ended", "failed"],
  mounted() {
    this.scripts = new ScriptWindow(this.$el, (name, detail) => this.$emit(name, detail));
    this.$emit("ready", {});
  },
  unmounted() {
    this.scripts.close();
  },
  methods: {
    start(key) {
      this.scripts.key = key;
    },
    run(name) {
      this.scripts.runFromMenu(name);
    },
    showSidebar(text) {
      this.scripts.showSidebar(JSON.parse(text));
    },
  },
};
