// The page at `/account`, where links in mails lead: it shows what a link does, and does it when its button is pressed, so that a mail
// scanner which only looks uses nothing up. The token stands behind the `#`, which no browser sends; from there it goes into the body of one
// POST. Served from the program; its policy lets nothing run or be fetched but what is named by its hash.

enum AccountPage {
    static let headers: StaticString = """
        cache-control: no-store\r
        referrer-policy: no-referrer\r
        x-frame-options: DENY\r
        content-security-policy: default-src 'none'; connect-src 'self'; style-src 'sha256-n3b72bozGT3/w/+2idJ5ciVIIhcPmt+Y+A7cDuCXLAQ='; script-src 'sha256-0JqL8GG8P8/EIr0PiU2NZTb3Wp4sNWN0MVM9JT/znlA='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r

        """

    static let bytes = Array(html.utf8)

    private static let html = """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Account</title>
        <style>\(style)</style>
        <h1 id="title">This link does nothing</h1>
        <p id="text">It is not whole. Open it from the mail once more, or copy all of it.</p>
        <form id="form" hidden>
        <label data-field="username">Username <input id="username" autocomplete="username" maxlength="64"></label>
        <label data-field="name">Name <input id="name" autocomplete="name" maxlength="100"></label>
        <label data-field="password">Password <input id="password" type="password" autocomplete="new-password" maxlength="128"></label>
        <button id="send"></button>
        </form>
        <p id="result" role="status"></p>
        <script>\(script)</script>
        </html>
        """

    private static let style = """
        :root { color-scheme: light dark; --line: #8884; --accent: #1c7c7d }
        body { margin: 12vh auto; max-width: 26rem; padding: 1.5rem; font: 16px/1.5 system-ui, sans-serif }
        h1 { font-size: 1.4rem } label { display: block; margin: .75rem 0 }
        input { width: 100%; box-sizing: border-box; padding: .5rem; font: inherit; border: 1px solid var(--line); border-radius: .35rem }
        button { padding: .5rem 1.25rem; font: inherit; border: 0; border-radius: .35rem; background: var(--accent); color: #fff; cursor: pointer }
        [hidden] { display: none } #result { white-space: pre-line }
        """

    private static let script = #"""
        "use strict";
        const parts = new URLSearchParams(location.hash.slice(1));
        // The token stays in this page's memory: neither the history nor a bookmark keeps it.
        history.replaceState(null, "", location.pathname);
        const uses = {
          verify_email: { title: "Confirm your address", text: "This address belongs to a new account. Choose its password, or give the one that you registered with once more.", path: "/v1/email/verify", fields: ["password"], button: "Confirm", done: "Your address is confirmed. You can log in now." },
          change_email: { title: "Confirm your new address", text: "Your account will use this address from now on.", path: "/v1/email/verify", fields: [], button: "Confirm", done: "Your new address is confirmed." },
          reset_password: { title: "Choose a new password", text: "All sessions of your account end with it.", path: "/v1/password/reset", fields: ["password"], button: "Set the password", done: "Your new password holds. You can log in now." },
          invitation: { title: "Accept your invitation", text: "Choose how you will log in.", path: "/v1/invitations/accept", fields: ["username", "name", "password"], button: "Join", done: "Welcome. You can log in now." }
        };
        const use = Object.hasOwn(uses, parts.get("purpose") || "") ? uses[parts.get("purpose")] : null;
        const token = parts.get("token");
        const at = id => document.getElementById(id);
        if (use && token) {
          at("title").textContent = document.title = use.title;
          at("text").textContent = use.text;
          at("send").textContent = use.button;
          for (const label of document.querySelectorAll("label")) {
            label.hidden = !use.fields.includes(label.dataset.field);
            label.querySelector("input").required = !label.hidden && label.dataset.field !== "name";
          }
          at("form").hidden = false;
          at("form").addEventListener("submit", async event => {
            event.preventDefault();
            at("send").disabled = true;
            at("result").textContent = "";
            const body = { token };
            for (const field of use.fields) body[field] = at(field).value;
            try {
              const answer = await fetch(use.path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), credentials: "omit" });
              if (answer.ok) { at("form").hidden = true; at("result").textContent = use.done; return; }
              const problem = await answer.json();
              at("result").textContent = [...(problem.errors || []).map(error => error.message), problem.errors ? "" : problem.detail].filter(Boolean).join("\n");
            } catch (_) {
              at("result").textContent = "The server could not be reached. Try again.";
            }
            at("send").disabled = false;
          });
        }
        """#
}
