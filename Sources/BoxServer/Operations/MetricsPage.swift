import BoxControl
import BoxEngine
import BoxModel
import BoxStore

/// The contents of `/metrics`.
struct MetricsPage: Sendable {
    let metrics: Metrics
    let boxes: BoxService

    func text() async throws -> String {
        var text = MetricsText()
        text.add(
            "boxd_build_info", .gauge, "The version that runs.", [([("version", ProductVersion.current)], 1)])
        addRequests(to: &text)
        try await addBoxes(to: &text)
        addStorage(to: &text)
        await addWalls(to: &text)
        addProcess(to: &text)
        return text.text
    }

    private func addRequests(to text: inout MetricsText) {
        let counts = metrics.snapshot
        let requests = counts.requests.sorted {
            ($0.key.template, $0.key.method, $0.key.status) < ($1.key.template, $1.key.method, $1.key.status)
        }
        text.add(
            "boxd_http_requests_total", .counter, "Requests that were answered.",
            requests.map { route, count in
                (
                    [("method", route.method), ("route", route.template), ("status", "\(route.status)")],
                    Double(count)
                )
            })
        text.add(
            "boxd_http_request_duration_seconds", "Seconds until an answer began.",
            counts.latencies.sorted { $0.key < $1.key }.map { ([("route", $0.key)], $0.value) })
        text.add("boxd_connections", .gauge, "Open connections.", Double(counts.openConnections))
        text.add(
            "boxd_connections_accepted_total", .counter, "Connections that were accepted.",
            Double(counts.acceptedConnections))
        text.add(
            "boxd_connections_dropped_total", .counter,
            "Connections without a key that were closed, because there were too many.",
            Double(counts.droppedConnections))
        let operations = counts.operations.sorted {
            ($0.key.name, $0.key.succeeded ? 0 : 1) < ($1.key.name, $1.key.succeeded ? 0 : 1)
        }
        text.add(
            "boxd_machine_operation_duration_seconds", "What the engine did with machines, and how long it took.",
            operations.map {
                ([("operation", $0.key.name), ("outcome", $0.key.succeeded ? "success" : "failure")], $0.value)
            })
    }

    private func addBoxes(to text: inout MetricsText) async throws {
        let counts = try await boxes.store.countByState()
        let states = BoxState.all.map(\.rawValue) + ["deleting"]
        text.add(
            "boxd_boxes", .gauge, "Boxes by state.", states.map { ([("state", $0)], Double(counts[$0] ?? 0)) })
        text.add("boxd_machines_active", .gauge, "Machines that run.", Double(try await boxes.countRunning()))
    }

    private func addStorage(to text: inout MetricsText) {
        guard let state = boxes.storage.state else { return }
        text.add("boxd_disk_free_bytes", .gauge, "What is free on the boxes' disk.", Double(state.free))
        text.add("boxd_disk_size_bytes", .gauge, "The size of the boxes' disk.", Double(state.total))
        text.add(
            "boxd_disk_full", .gauge, "1 while nothing new is started for lack of space.", state.level == .ample ? 0 : 1
        )
        text.add(
            "boxd_boxes_paused", .gauge, "Boxes that are paused because they were filling the disk.",
            Double(state.paused.count))
    }

    private func addWalls(to text: inout MetricsText) async {
        let walls = await boxes.engine.networkWalls()
        text.add(
            "boxd_network_rules_up", .gauge, "0 while the firewall rules around boxes are missing.", walls.areUp ? 1 : 0
        )
        text.add(
            "boxd_network_rules_restored_total", .counter,
            "How often the rules were put back that another program had removed.", Double(walls.restorations))
    }

    private func addProcess(to text: inout MetricsText) {
        guard let facts = ProcessFacts() else { return }
        text.add("process_start_time_seconds", .gauge, "When boxd started, since the epoch.", facts.startTime)
        text.add("process_cpu_seconds_total", .counter, "CPU time that boxd took.", facts.cpuSeconds)
        text.add("process_resident_memory_bytes", .gauge, "Memory that boxd has.", facts.residentMemory)
        text.add("process_open_fds", .gauge, "Files and sockets that boxd has open.", Double(facts.openFiles))
        text.add("process_max_fds", .gauge, "How many it may have open.", Double(facts.maximumFiles))
    }
}
