// Functions of libcurl that Swift can't import: variadic functions, and options whose names depend on the version. Each
// returns libcurl's own code. Imported by BoxClient only.
#pragma once

#include <curl/curl.h>

typedef size_t (*box_curl_data_callback)(char *bytes, size_t size, size_t count, void *context);
typedef int (*box_curl_start_callback)(void *context, char *address, char *own_address, int port, int own_port);

static inline CURLcode box_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode box_curl_set_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode box_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode box_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode box_curl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode box_curl_set_callback(CURL *handle, CURLoption option, box_curl_data_callback callback) {
    return curl_easy_setopt(handle, option, callback);
}

/// Calls `callback` before each time that a request is sent. libcurl sends a request again when a reused connection
/// gave no response. Before 7.80 there is no such callback. Then every request gets a new connection, on which libcurl
/// doesn't retry.
static inline CURLcode box_curl_ask_before_sending(CURL *handle, box_curl_start_callback callback, void *context) {
#if LIBCURL_VERSION_NUM >= 0x075000
    CURLcode result = curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, callback);
    return result != CURLE_OK ? result : curl_easy_setopt(handle, CURLOPT_PREREQDATA, context);
#else
    (void)callback;
    (void)context;
    return curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, 1L);
#endif
}

/// Allows http and https only. libcurl 7.85 replaced the option by one with a string.
static inline CURLcode box_curl_only_http(CURL *handle) {
#if LIBCURL_VERSION_NUM >= 0x075500
    return curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    return curl_easy_setopt(handle, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

static inline CURLcode box_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLcode box_curl_get_pointer(CURL *handle, CURLINFO info, void **value) {
    return curl_easy_getinfo(handle, info, value);
}

/// The handle and result of a finished transfer. The result is in a union, which Swift imports badly.
static inline CURL *box_curl_next_finished(CURLM *multi, CURLcode *result) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left))) {
        if (message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return message->easy_handle;
        }
    }
    return NULL;
}
