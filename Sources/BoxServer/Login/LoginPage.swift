import BoxControl
import HTTPTypes
import Hummingbird

/// The pages of a login. They have no scripts and no external resources, and escape everything that comes from a
/// request.
enum LoginPage {
    static func question(_ login: LoginService.Login, state: String, problem: String? = nil) -> Response {
        let warning = problem.map { "<p class=\"problem\" role=\"alert\">\(escape($0))</p>" } ?? ""
        return page(
            "Log in to Box",
            """
            <p><strong>\(escape(login.machine))</strong> asks for access to your boxes.</p>
            <p>It should show this code:</p>
            <p class="code">\(escape(login.code))</p>
            <p>Confirm only if you see it on a machine of yours: a key for your account goes there.</p>
            \(warning)
            <form method="post" action="/api/box/auth/confirm">
            <input type="hidden" name="state" value="\(escape(state))">
            <label for="key">An API key of yours</label>
            <input id="key" name="key" type="password" autocomplete="off" placeholder="box_…" autofocus>
            <p class="help">On the server, <code>boxd api-key create</code> makes one. It isn't stored.</p>
            <button name="answer" value="confirm">Confirm</button>
            <button name="answer" value="deny" class="plain">Deny</button>
            </form>
            """, status: problem == nil ? .ok : .forbidden)
    }

    static func message(_ title: String, _ text: String, status: HTTPResponse.Status = .ok) -> Response {
        page(title, "<p>\(escape(text))</p>", status: status)
    }

    private static func page(_ title: String, _ body: String, status: HTTPResponse.Status) -> Response {
        let html = """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <title>\(escape(title))</title><style>\(style)</style></head>
            <body><main><h1>\(escape(title))</h1>
            \(body)
            </main></body></html>

            """
        return Response(
            status: status,
            headers: [
                .contentType: "text/html; charset=utf-8", .cacheControl: "no-store",
                .contentSecurityPolicy:
                    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
                .init("Referrer-Policy")!: "same-origin", .xContentTypeOptions: "nosniff",
            ],
            body: .init(byteBuffer: ByteBuffer(string: html)))
    }

    static func escape(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { out, scalar in
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "'": out += "&#39;"
            default: out.unicodeScalars.append(scalar)
            }
        }
    }

    private static let style = """
        body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f4f4f2;color:#1c1c1a}
        main{max-width:26rem;margin:8vh auto;padding:2rem;background:#fff;border-radius:12px}
        h1{font-size:1.3rem;margin-top:0}.code{font:600 1.8rem ui-monospace,monospace;letter-spacing:.1em}
        label{display:block}input{width:100%;box-sizing:border-box;padding:.6rem;font:inherit}
        button{padding:.6rem 1.2rem;font:inherit;border-radius:8px;border:0;background:#1c1c1a;color:#fff}
        .plain{background:#e4e4e0;color:inherit}.help{color:#6b6b66;font-size:.85rem}.problem{color:#b00020}
        @media(prefers-color-scheme:dark){body{background:#181816;color:#eee}main{background:#242422}
        button{background:#eee;color:#181816}.plain{background:#3a3a36;color:#eee}.help{color:#a0a09a}
        input{background:#181816;color:#eee;border:1px solid #555}}
        """
}
