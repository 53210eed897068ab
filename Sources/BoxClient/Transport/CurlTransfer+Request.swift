import CCurl

// MARK: - Sending

extension CurlTransfer {
    /// Configures the handle for the request's body, its headers and its repeatability.
    func configureBody(_ handle: UnsafeMutableRawPointer) -> [CURLcode] {
        var results: [CURLcode] = []
        if let upload = request.upload {
            results += configure(upload, handle)
        } else if request.method != .get || request.body != nil {
            results += configure(request.body ?? [], handle)
        }
        if !request.isRepeatable {
            let context = Unmanaged.passUnretained(self).toOpaque()
            results.append(box_curl_ask_before_sending(handle, Self.onStart, context))
        }
        // A name with a colon and no value removes a header that libcurl would add.
        var lines = request.headers.map { $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)" }
        lines.append("Expect:")
        if request.header("Content-Type") == nil { lines.append("Content-Type:") }
        for line in lines { headerList = curl_slist_append(headerList, line) }
        return results + [box_curl_set_list(handle, CURLOPT_HTTPHEADER, headerList)]
    }

    private func configure(_ body: [UInt8], _ handle: UnsafeMutableRawPointer) -> [CURLcode] {
        [
            box_curl_set_long(handle, CURLOPT_POST, 1),
            box_curl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)),
            // libcurl copies the bytes, so the array need not outlive the call. An empty body must still not be nil.
            (body + [0]).withUnsafeBytes {
                box_curl_set_pointer(handle, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: $0.baseAddress))
            },
            box_curl_set_string(handle, CURLOPT_CUSTOMREQUEST, request.method.rawValue),
        ]
    }

    private func configure(_ upload: HTTPUpload, _ handle: UnsafeMutableRawPointer) -> [CURLcode] {
        [
            box_curl_set_long(handle, CURLOPT_UPLOAD, 1),
            box_curl_set_size(handle, CURLOPT_INFILESIZE_LARGE, curl_off_t(upload.size)),
            box_curl_set_callback(handle, CURLOPT_READFUNCTION, Self.onRead),
            box_curl_set_pointer(handle, CURLOPT_READDATA, Unmanaged.passUnretained(self).toOpaque()),
            box_curl_set_string(handle, CURLOPT_CUSTOMREQUEST, request.method.rawValue),
        ]
    }

    private static let onRead: box_curl_data_callback = { buffer, size, count, context in
        guard let buffer, let context else { return Int(CURL_READFUNC_ABORT) }
        let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
        return transfer.fill(UnsafeMutableRawBufferPointer(start: buffer, count: size * count))
    }

    private func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        // Otherwise a cancelled upload to a fast server might keep libcurl busy until its end.
        guard let upload = request.upload, !isCancelled else { return Int(CURL_READFUNC_ABORT) }
        do {
            let bytes = try upload.read(atMost: buffer.count)
            buffer.copyBytes(from: bytes)
            return bytes.count
        } catch {
            sourceError = error
            return Int(CURL_READFUNC_ABORT)
        }
    }

    private static let onStart: box_curl_start_callback = { context, _, _, _, _ in
        guard let context else { return 1 }
        let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
        transfer.starts += 1
        return transfer.starts > 1 ? 1 : 0
    }
}
