// One execution of a script. It runs in a worker, so that waiting for an answer or a lock holds up nobody who types.
import { execute } from "./script_services.js";

self.onmessage = ({ data: { base, key, name, args } }) => {
  const call = (service, details) => {
    const request = new XMLHttpRequest();
    request.open("POST", base + "/apps-script/" + service, false); // everything in Apps Script is synchronous
    request.setRequestHeader("Authorization", "Bearer " + key);
    request.send(JSON.stringify(details));
    const answer = JSON.parse(request.responseText);
    if ("error" in answer) throw new Error(answer.error);
    return answer.value;
  };
  try {
    self.postMessage({ value: execute(call, call("files", {}), name, args) });
  } catch (error) {
    self.postMessage({ error: error.message });
  }
};
