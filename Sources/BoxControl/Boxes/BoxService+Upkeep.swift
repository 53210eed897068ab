import BoxEngine
import BoxModel
import BoxStore
import Logging

/// The changes of boxes that no request causes: periodic ones, and those at boxd's start.
extension BoxService {
    /// Stops the boxes whose time to live has passed.
    func stopExpired() async throws {
        let now = Timestamp.now
        try await store.limitExpiry(at: now)
        for id in try await store.expired(at: now) {
            // Checked again in the transaction that stops it, because the time may have been extended meanwhile.
            let stopped = try await beginStop(id, StopGrace(stopGrace)) {
                $0.archiveAfter.map { $0 <= now.milliseconds } ?? false
            }
            if stopped != nil { logger.info("time is up", metadata: ["box": "\(id)"]) }
        }
    }

    /// Removes boxes that are marked as deleted and aren't being removed: those whose removal failed, and those of an
    /// account that is being removed.
    func retryDeletions() async throws {
        var rest = try await store.deleting().filter { removals[$0] == nil && retries[$0]?.isOver ?? true }[...]
        await withTaskGroup { group in
            for id in rest.prefix(Self.removalsAtOnce) { group.addTask { await self.finishDeleteLogged(id) } }
            rest = rest.dropFirst(Self.removalsAtOnce)
            while await group.next() != nil {
                if let id = rest.popFirst() { group.addTask { await self.finishDeleteLogged(id) } }
            }
        }
    }

    private static let removalsAtOnce = 4

    /// Archives the boxes whose machine ended by itself: it was shut down from inside, or killed.
    func archiveLost() async throws {
        for id in try await store.active() where await engine.status(id) == .lost {
            logger.notice("the machine is gone; archiving its disk", metadata: ["box": "\(id)"])
            _ = try await beginStop(id, .none)
        }
    }

    /// Ends the machines of failed boxes, such as one that couldn't be ended when its box failed.
    func endStrays() async throws {
        for id in try await store.failed() where retries[id]?.isOver ?? true {
            guard case .running = await engine.status(id) else { continue }
            // Not awaited, so that this loop can serve the other boxes.
            retries[id, default: Backoff()].recordFailure()
            let ending = await actor(id).endStray()
            Task { if try await ending.value { retries[id] = nil } }
        }
    }

    /// The number of running machines.
    package func countRunning() async throws -> Int {
        var count = 0
        for id in try await store.active() {
            if case .running = await engine.status(id) { count += 1 }
        }
        return count
    }

    /// Resumes what the last boxd left: finishes unfinished work, and archives boxes whose machine is gone.
    ///
    /// Machines without a box are stopped, but their disk is kept. They exist after an older database was restored, and
    /// contain users' files.
    package func reconcile() async throws {
        let rows = try await store.all()
        for row in rows where !row.isDeleting {
            do {
                switch row.boxState {
                case .initial, .provisioning: await restart(row)
                case .archiving: await actor(row.id).archive(StopGrace(stopGrace))
                case .archived, .error: break
                case .cloning:
                    try await adopt(row)
                    await actor(row.id).continueCloning()
                default: try await adopt(row)
                }
            } catch {
                // An error of one box must not keep boxd from serving the others.
                logger.error("a box can't be taken over", metadata: ["box": "\(row.id)", "error": "\(error)"])
            }
        }
        // This comes last: a resumed fork may still need the disk of a box that is being deleted.
        for row in rows where row.isDeleting { await finishDeleteLogged(row.id) }
        let known = Set(rows.map(\.id))
        for id in await engine.machines() where !known.contains(id) {
            logger.warning("a machine has no box; its disk is kept, stopped", metadata: ["box": "\(id)"])
            do { try await engine.stop(id, grace: .none) } catch {
                logger.error(
                    "a machine without a box can't be stopped", metadata: ["box": "\(id)", "error": "\(error)"])
            }
        }
    }

    /// Queues the start of a box in state `provisioning`, and first the copy of its disk for a fork without one.
    func restart(_ row: BoxRow) async {
        if let source = row.forkedFrom, await engine.status(row.id) == .missing {
            let copy = await actor(source).copyDisk(to: row.id)
            await actor(row.id).boot(after: copy)
        } else {
            await actor(row.id).boot()
        }
    }

    private func adopt(_ row: BoxRow) async throws {
        switch await engine.status(row.id) {
        case .running(let address):
            if row.ip != address { try await store.update(row.id) { $0.ip = address } }
            // The last boxd may have died during a delivery of secrets.
            await refreshSecrets(of: row.id)
        case .lost, .stopped:
            _ = try await beginStop(row.id, .none)
        case .missing:
            try await store.update(row.id) { row in
                row.state = BoxState.error.rawValue
                row.ip = nil
                row.errorMessage = "the box's disk is missing on the server"
            }
        }
    }
}
