// The page at `/docs`: reads the OpenAPI document and shows every endpoint with its right, fields and answers, and a form that calls
// it. Served from the program, with nothing from another host: the policy in its headers allows no other source. A key typed into it
// stays in the page's memory.

enum DocsPage {
    static let headers: StaticString = """
        cache-control: public, max-age=60\r
        referrer-policy: no-referrer\r
        x-frame-options: DENY\r
        content-security-policy: default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r

        """

    static let bytes = Array(html.utf8)

    private static let html = """
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Insula API</title>
        <style>
        :root { color-scheme: light dark; --line: #8884; --soft: #8882; --accent: #1c7c7d }
        * { box-sizing: border-box }
        body { margin: 0 auto; max-width: 62rem; padding: 1.5rem; font: 16px/1.5 system-ui, sans-serif }
        h1 { margin: 0 } h2 { margin: 2.5rem 0 .5rem; text-transform: capitalize; border-bottom: 1px solid var(--line) }
        code, pre, textarea, input { font: 14px/1.45 ui-monospace, monospace }
        details { border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; padding: .5rem .75rem }
        summary { cursor: pointer; display: flex; gap: .75rem; align-items: baseline; flex-wrap: wrap }
        summary b { min-width: 4.2rem; color: var(--accent) } summary span { margin-left: auto; opacity: .75; font-size: .9rem }
        table { border-collapse: collapse; width: 100%; margin: .5rem 0 } td, th { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid var(--soft); vertical-align: top }
        textarea, input { width: 100%; padding: .4rem; border: 1px solid var(--line); border-radius: .35rem; background: var(--soft); color: inherit }
        textarea { min-height: 7rem } button { margin: .5rem 0; padding: .4rem 1rem; border: 0; border-radius: .35rem; background: var(--accent); color: #fff; cursor: pointer }
        pre { background: var(--soft); padding: .75rem; border-radius: .35rem; overflow: auto; max-height: 28rem; white-space: pre-wrap }
        small { opacity: .75 }
        </style>
        <h1>Insula API</h1>
        <p id="about">Loading the description…</p>
        <p><label>API key <input id="key" type="password" autocomplete="off" placeholder="ins_live_…"></label>
        <small>Kept in this page's memory, gone when you leave. The whole description: <a href="/v1/openapi.json">/v1/openapi.json</a>.</small></p>
        <main id="list"></main>
        <h2 id="errors">Problem codes</h2>
        <ul id="codes"></ul>
        <script>
        "use strict";
        const make = (name, props = {}, ...children) => {
          const node = Object.assign(document.createElement(name), props);
          node.append(...children); return node;
        };
        let spec;
        const resolve = schema => schema && schema.$ref ? spec.components.schemas[schema.$ref.split("/").pop()] : schema;
        const typeOf = schema => {
          if (!schema) return "";
          if (schema.$ref) return schema.$ref.split("/").pop();
          if (schema.enum) return schema.enum.join(" | ");
          if (schema.items) return "[" + typeOf(schema.items) + "]";
          if (schema.anyOf) return schema.anyOf.map(typeOf).join(" | ");
          return [].concat(schema.type || "any").join(" | ") + (schema.format ? " (" + schema.format + ")" : "");
        };
        const bounds = schema => ["minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "default"]
          .filter(name => schema && schema[name] !== undefined).map(name => name + " " + JSON.stringify(schema[name])).join(", ");
        const fields = schema => {
          const real = resolve(schema) || {};
          const rows = Object.entries(real.properties || {}).map(([name, part]) => make("tr", {},
            make("td", {}, make("code", { textContent: name }), (real.required || []).includes(name) ? " *" : ""),
            make("td", { textContent: typeOf(part) }),
            make("td", { textContent: [part.description || (resolve(part) || {}).description, bounds(part)].filter(Boolean).join(" — ") })));
          return make("table", {}, ...rows);
        };
        const sample = (schema, depth = 0) => {
          const real = resolve(schema) || {};
          if (real.default !== undefined) return real.default;
          if (real.example !== undefined) return real.example;
          if (real.enum) return real.enum[0];
          const type = [].concat(real.type || "object")[0];
          if (type === "object" && depth < 5) {
            const out = {};
            for (const name of real.required || []) out[name] = sample((real.properties || {})[name], depth + 1);
            return out;
          }
          return type === "array" ? (real.minItems ? [sample(real.items, depth + 1)] : []) : type === "integer" || type === "number" ? real.minimum || 0 : type === "boolean" ? false : type === "string" ? "text" : {};
        };
        const card = (path, method, operation) => {
          const inputs = (operation.parameters || []).map(parameter => ({ parameter, input: make("input", { placeholder: parameter.required ? "required" : "" }) }));
          const body = operation.requestBody && operation.requestBody.content["application/json"].schema;
          const text = body && make("textarea", { value: JSON.stringify(sample(body), null, 2), spellcheck: false });
          const result = make("pre", { hidden: true });
          const call = make("button", { textContent: "Call", onclick: async () => {
            let url = path; const query = new URLSearchParams();
            for (const { parameter, input } of inputs) {
              if (parameter.in === "path") url = url.replace("{" + parameter.name + "}", encodeURIComponent(input.value));
              else if (input.value) query.append(parameter.name, input.value);
            }
            if ([...query].length) url += "?" + query;
            const headers = {}; const key = document.getElementById("key").value;
            if (key) headers.authorization = "Bearer " + key;
            if (text && text.value.trim()) headers["content-type"] = "application/json";
            result.hidden = false; result.textContent = "…";
            try {
              const answer = await fetch(url, { method: method.toUpperCase(), headers, body: text && text.value.trim() ? text.value : undefined });
              const raw = await answer.text(); let shown = raw;
              try { shown = JSON.stringify(JSON.parse(raw), null, 2); } catch (_) {}
              result.textContent = answer.status + " " + answer.statusText + "\\n" + [...answer.headers].map(h => h.join(": ")).join("\\n") + "\\n\\n" + shown;
            } catch (error) { result.textContent = String(error); }
          } });
          const success = Object.entries(operation.responses).find(([status]) => status !== "default");
          const answer = success && success[1].content && Object.values(success[1].content)[0].schema;
          const parts = [make("summary", {}, make("b", { textContent: method.toUpperCase() }), make("code", { textContent: path }), make("span", { textContent: operation.summary }))];
          parts.push(make("p", {}, make("small", { textContent: operation["x-required-scope"] ? "Scope: " + operation["x-required-scope"] + (operation["x-step-up"] ? ", after a fresh proof of who you are" : "") : "Open to anybody" })));
          for (const { parameter, input } of inputs) parts.push(make("label", {}, make("code", { textContent: parameter.name }), " " + (parameter.description || ""), input));
          if (body) parts.push(make("h4", { textContent: "Body" }), fields(body), text);
          parts.push(call, result);
          if (answer) parts.push(make("h4", { textContent: "Answer " + success[0] }), fields(answer));
          return make("details", {}, ...parts);
        };
        fetch("/v1/openapi.json").then(answer => answer.json()).then(document_ => {
          spec = document_;
          document.getElementById("about").textContent = spec.info.description;
          const groups = new Map();
          for (const [path, methods] of Object.entries(spec.paths)) for (const [method, operation] of Object.entries(methods)) {
            const tag = operation.tags[0]; if (!groups.has(tag)) groups.set(tag, []);
            groups.get(tag).push(card(path, method, operation));
          }
          for (const [tag, cards] of groups) document.getElementById("list").append(make("h2", { textContent: tag }), ...cards);
          for (const code of spec.components.schemas.Problem.properties.code.enum) document.getElementById("codes").append(make("li", { id: code }, make("code", { textContent: code })));
        }).catch(error => { document.getElementById("about").textContent = "The description could not be read: " + error; });
        </script>
        </html>
        """
}
