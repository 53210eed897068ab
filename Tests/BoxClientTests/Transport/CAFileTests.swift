import BoxClient
import BoxModel
import Glibc
import Testing

/// HTTPS with a certificate of a private CA, served by Python's ssl.
@Suite(.timeLimit(.minutes(2))) struct CAFileTests {
    private static let script = #"""
        set -e
        cd "$1"
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=ca -keyout ca.key -out ca.pem
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout key.pem -out request.pem
        printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' >extensions
        openssl x509 -req -days 1 -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -extfile extensions -out cert.pem
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=other -keyout other.key -out other.pem
        """#

    private static let server = #"""
        import http.server, ssl, sys
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = b'{"ok":true,"user":{"login":"o"}}'
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def log_message(self, *arguments):
                pass
        server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1] + "/cert.pem", sys.argv[1] + "/key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        open(sys.argv[1] + "/port.new", "w").write(str(server.server_port))
        import os
        os.rename(sys.argv[1] + "/port.new", sys.argv[1] + "/port")
        server.serve_forever()
        """#

    private func spawn(_ arguments: [String]) -> pid_t {
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var process = pid_t()
        return posix_spawnp(&process, arguments[0], &actions, nil, &words, environ) == 0 ? process : -1
    }

    private func text(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 64)
        return fgets(&buffer, 64, file) == nil
            ? nil : String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
    }

    @Test func aPrivateCAIsTrustedWhereItIsNamed() async throws {
        let directory = ScratchDirectory()
        let path = directory.path
        var status: Int32 = 0
        waitpid(spawn(["bash", "-c", Self.script, "certificates", path]), &status, 0)
        try #require(status == 0, "openssl makes no certificates")
        let server = spawn(["python3", "-c", Self.server, path])
        defer {
            // SIGKILL, because programs that tests start inherit the blocked signals of the test's thread.
            kill(server, SIGKILL)
            waitpid(server, &status, 0)
        }
        var port: String?
        for _ in 0..<1000 where port == nil {
            port = text(path + "/port")
            try await Task.sleep(for: .milliseconds(10))
        }
        let origin = try Origin("https://localhost:\(try #require(port))")
        func login(_ caFile: String?) async throws -> String? {
            try await BoxClient(.init(origin: origin, apiKey: "box_key", retry: .never, caFile: caFile)).me().login
        }
        #expect(try await login(path + "/ca.pem") == "o")
        for file in [nil, path + "/other.pem"] {
            guard case .network(_, let reason, _)? = await boxError({ try await login(file) }) else {
                Issue.record("trusted with \(file ?? "the system's certificates")")
                continue
            }
            #expect(reason.contains("certificate"))
        }
        // A client trusts no more CAs than its own configuration allows, even on a shared transport.
        let trusting = BoxClient(.init(origin: origin, apiKey: "box_key", retry: .never, caFile: path + "/ca.pem"))
        #expect(try await trusting.me().login == "o")
        guard case .network? = await boxError({ try await trusting.with { $0.caFile = nil }.me() }) else {
            Issue.record("trusted without a CA")
            return
        }
        #expect(
            await boxError { try await login(path + "/none") }
                == .unusableCAFile(path: path + "/none", reason: "No such file or directory"))
        guard case .unusableCAFile(_, let reason)? = await boxError({ try await login(path + "/key.pem") }) else {
            Issue.record("a key was taken as a certificate")
            return
        }
        #expect(reason.contains("it holds no certificate"))
    }
}
