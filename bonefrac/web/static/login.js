// Asking for the server's token where it wants one.

import { ApiError, models, setToken } from "./api.js";
import { $ } from "./dom.js";

/** The cards of the models, after asking for a token as often as it takes. */
export async function cards() {
  try {
    return await models();
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    return login();
  }
}

/** Show the dialog until the server takes the token. */
export function login() {
  const dialog = $("#login"), field = $("#token"), told = $("#login-error");
  field.value = told.textContent = "";
  if (!dialog.open) dialog.showModal();
  return new Promise((resolve) => {
    dialog.oncancel = (event) => event.preventDefault(); // nothing behind it works without a token
    $("#login-form").onsubmit = async (event) => {
      event.preventDefault();
      // A header takes printable ASCII; what cannot be sent is a wrong token.
      if (/^[\x21-\x7e]+$/.test(field.value.trim())) setToken(field.value.trim());
      try {
        const answer = await models();
        dialog.close();
        resolve(answer);
      } catch (error) {
        told.textContent = error.status === 401 ? "That is not the token of this server." : error.message;
        field.select();
      }
    };
  });
}
