import CCurl
import Synchronization

/// One request in progress, with the state that libcurl's callbacks fill.
///
/// `@unchecked`: the caller creates it, and then only the driving thread uses it; `cancellation` is atomic.
final class CurlTransfer: @unchecked Sendable {
    typealias BodySink = @Sendable ([UInt8]) throws -> Void

    let request: HTTPRequest
    /// Receives the body of a success instead of `body`.
    private let onBody: BodySink?
    private let cancellation: CurlCancellation
    private let continuation: CheckedContinuation<HTTPResponse, any Error>
    private var headers: [HTTPHeader] = []
    private var body: [UInt8] = []
    private var headerSize = 0
    /// Whether the empty line after the last header has arrived.
    private var hasAllHeaders = false
    private var isTooLarge = false
    /// Whether the answer whose headers are being read is a success.
    private var isSuccess = false
    private var sinkError: (any Error)?
    /// The error of the body's source.
    var sourceError: (any Error)?
    /// How often libcurl has started to send the request.
    var starts = 0
    var headerList: UnsafeMutablePointer<curl_slist>?
    private let errorBuffer = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    init(
        request: HTTPRequest, onBody: BodySink?, cancellation: CurlCancellation,
        continuation: CheckedContinuation<HTTPResponse, any Error>
    ) {
        self.request = request
        self.onBody = onBody
        self.cancellation = cancellation
        self.continuation = continuation
        errorBuffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_slist_free_all(headerList)
        errorBuffer.deallocate()
    }

    var isCancelled: Bool { cancellation.isCancelled.load(ordering: .acquiring) }

    private(set) var hasEnded = false

    func resume(_ outcome: Result<HTTPResponse, any Error>) {
        hasEnded = true
        continuation.resume(with: outcome)
    }

    /// Creates a configured handle. It uses this transfer's memory, so the caller must free it first.
    func makeHandle() throws(TransportError) -> UnsafeMutableRawPointer {
        try checkHeaders()
        guard let handle = curl_easy_init() else { throw TransportError(.refused, "libcurl has no memory left") }
        let context = Unmanaged.passUnretained(self).toOpaque()
        var results = [
            box_curl_set_string(handle, CURLOPT_URL, request.url),
            box_curl_only_http(handle),
            box_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorBuffer),
            box_curl_set_pointer(handle, CURLOPT_WRITEDATA, context),
            box_curl_set_callback(handle, CURLOPT_WRITEFUNCTION, Self.onBody),
            box_curl_set_pointer(handle, CURLOPT_HEADERDATA, context),
            box_curl_set_callback(handle, CURLOPT_HEADERFUNCTION, Self.onHeader),
            box_curl_set_string(handle, CURLOPT_ACCEPT_ENCODING, ""),
        ]
        let numbers: [(CURLoption, Int)] = [
            (CURLOPT_NOSIGNAL, 1), (CURLOPT_FOLLOWLOCATION, 0), (CURLOPT_PATH_AS_IS, 1), (CURLOPT_TCP_KEEPALIVE, 1),
            (CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS)),
            (CURLOPT_TIMEOUT_MS, request.timeout.milliseconds),
            (CURLOPT_CONNECTTIMEOUT_MS, request.connectTimeout.milliseconds),
        ]
        results += numbers.map { box_curl_set_long(handle, $0, $1) }
        if let caFile = request.caFile { results.append(box_curl_set_string(handle, CURLOPT_CAINFO, caFile)) }
        if let stall = request.stallTimeout {
            results.append(box_curl_set_long(handle, CURLOPT_LOW_SPEED_LIMIT, 1))
            results.append(box_curl_set_long(handle, CURLOPT_LOW_SPEED_TIME, max(1, Int(stall.components.seconds))))
        }
        results += configureBody(handle)
        if Origin.isLoopback(url: request.url) { results.append(box_curl_set_string(handle, CURLOPT_NOPROXY, "*")) }
        if let failed = results.first(where: { $0 != CURLE_OK }) {
            curl_easy_cleanup(handle)
            throw TransportError(.refused, String(cString: curl_easy_strerror(failed)))
        }
        return handle
    }

    private func checkHeaders() throws(TransportError) {
        let bytes = request.headers.flatMap { Array($0.name.utf8) + Array($0.value.utf8) } + Array(request.url.utf8)
        if bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            throw TransportError(.refused, "a header or the URL has a control character")
        }
    }
}

// MARK: - Receiving

extension CurlTransfer {
    private static let onBody: box_curl_data_callback = { bytes, size, count, context in
        guard let bytes, let context else { return 0 }
        let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
        return transfer.receive(body: UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
    }

    private static let onHeader: box_curl_data_callback = { bytes, size, count, context in
        guard let bytes, let context else { return 0 }
        let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
        return transfer.receive(header: UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
    }

    private func receive(body bytes: UnsafeRawBufferPointer) -> Bool {
        if let onBody, isSuccess {
            do {
                try onBody(Array(bytes))
                return true
            } catch {
                sinkError = error
                return false
            }
        }
        guard body.count + bytes.count <= request.maximumResponseSize else {
            isTooLarge = true
            return false
        }
        body.append(contentsOf: bytes)
        return true
    }

    /// In bytes, for one answer including its interim answers. Some versions of libcurl limit only each line.
    private static let maximumHeaderSize = 256 << 10

    private func receive(header bytes: UnsafeRawBufferPointer) -> Bool {
        headerSize += bytes.count
        guard headerSize <= Self.maximumHeaderSize else { return false }
        let line = String(decoding: bytes, as: UTF8.self)
        // A status line starts again, because the earlier headers were those of an interim answer.
        if line.hasPrefix("HTTP/") {
            headers = []
            hasAllHeaders = false
            isSuccess = line.split(separator: " ").dropFirst().first?.hasPrefix("2") == true
            return true
        }
        if line == "\r\n" || line == "\n" { hasAllHeaders = true }
        guard let colon = line.firstIndex(of: ":") else { return true }
        let value = line[line.index(after: colon)...].drop(while: \.isWhitespace)
        let end = value.lastIndex { !$0.isWhitespace }.map { value.index(after: $0) } ?? value.startIndex
        headers.append(HTTPHeader(String(line[..<colon]), String(value[..<end])))
        return true
    }

    /// The result of the finished transfer.
    func outcome(of handle: UnsafeMutableRawPointer, _ result: CURLcode) -> Result<HTTPResponse, any Error> {
        if result == CURLE_ABORTED_BY_CALLBACK, isCancelled { return .failure(CancellationError()) }
        if let sinkError { return .failure(sinkError) }
        if let sourceError { return .failure(sourceError) }
        if starts > 1, !request.isRepeatable {
            return .failure(TransportError(.interrupted, "the server closed the connection without an answer"))
        }
        if headerSize > Self.maximumHeaderSize {
            return .failure(
                TransportError(.refused, "the answer's headers are larger than \(Self.maximumHeaderSize) bytes"))
        }
        if isTooLarge { return .failure(TransportError.tooLarge(request.maximumResponseSize)) }
        guard result == CURLE_OK else {
            let detail = String(cString: errorBuffer)
            let reason = detail.isEmpty ? String(cString: curl_easy_strerror(result)) : detail
            return .failure(TransportError(Self.kind(of: result), reason))
        }
        // libcurl treats the end of the connection as the end of the headers.
        guard hasAllHeaders else {
            return .failure(TransportError(.interrupted, "the connection ended in the answer's headers"))
        }
        var status = 0
        _ = box_curl_get_long(handle, CURLINFO_RESPONSE_CODE, &status)
        return .success(HTTPResponse(status: status, headers: headers, body: body))
    }

    private static func kind(of result: CURLcode) -> TransportError.Kind {
        switch result {
        case CURLE_COULDNT_CONNECT: .unreachable
        case CURLE_OPERATION_TIMEDOUT: .timedOut
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_SEND_FAIL_REWIND, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE,
            CURLE_HTTP2, CURLE_HTTP2_STREAM:
            .interrupted
        default: .refused
        }
    }
}

extension Duration {
    /// Whole milliseconds, rounded up, so that a short time never becomes zero, which means "no limit" to libcurl.
    var milliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(seconds) * 1000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
