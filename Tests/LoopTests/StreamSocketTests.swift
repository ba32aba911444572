import Base
import Loop
import Testing

@Suite struct StreamSocketTests {
    /// Listens on a free loopback port with `serve`, dials it with `dial`, both on one loop.
    private func exchange<Value: Sendable>(
        serve: @escaping @Sendable (StreamSocket) async -> Void,
        dial: @escaping @Sendable (StreamSocket) async -> Value
    ) async throws -> Value {
        let group = LoopGroup(count: 1)
        let loop = group.loops[0]
        let result: Result<Value, any Error> = await withCheckedContinuation { continuation in
            loop.spawn {
                do {
                    let listener = try Listener(.v4(0x7F00_0001, port: 0), on: loop)
                    listener.start { socket, _ in loop.spawn { await serve(socket) } }
                    let socket = try await StreamSocket.connect(
                        to: listener.address, on: loop, deadline: Instant.now.advanced(milliseconds: 5000))
                    let value = await dial(socket)
                    socket.close()
                    listener.stop()
                    continuation.resume(returning: .success(value))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        group.stop()
        return try result.get()
    }

    @Test func `more bytes than the kernel holds arrive in order`() async throws {
        var generator = SystemRandomNumberGenerator()
        let block = [UInt8]((0..<4096).map { _ in UInt8.random(in: 0...255, using: &generator) })
        let bytes = (0..<11).reduce(block) { bytes, _ in bytes + bytes }
        let received = try await exchange { socket in
            try? await socket.write(bytes)
            socket.close()
        } dial: { socket in
            var received: [UInt8] = []
            while let more = try? await socket.read(upTo: 65_536), !more.isEmpty { received += more }
            return received
        }
        #expect(received == bytes)
    }

    @Test func `a read that finds nothing ends at its deadline`() async throws {
        let failure = try await exchange { socket in
            _ = try? await socket.read(upTo: 1)
            socket.close()
        } dial: { socket in
            socket.setDeadline(Instant.now.advanced(milliseconds: 20))
            do throws(SocketFailure) {
                _ = try await socket.read(upTo: 16)
                return "read"
            } catch .timedOut {
                return "timed out"
            } catch {
                return "\(error)"
            }
        }
        #expect(failure == "timed out")
    }

    @Test func `dialling where nobody listens is refused`() async {
        let group = LoopGroup(count: 1)
        let code = await withCheckedContinuation { continuation in
            group.loops[0].spawn {
                do throws(SocketFailure) {
                    let listener = try? Listener(.v4(0x7F00_0001, port: 0), on: group.loops[0])
                    let address = listener?.address ?? .v4(0x7F00_0001, port: 1)
                    listener?.stop()
                    _ = try await StreamSocket.connect(
                        to: address, on: group.loops[0], deadline: Instant.now.advanced(milliseconds: 5000))
                    continuation.resume(returning: "connected")
                } catch .kernel(let code) {
                    continuation.resume(returning: code == 111 ? "refused" : "\(code)")
                } catch {
                    continuation.resume(returning: "\(error)")
                }
            }
        }
        group.stop()
        #expect(code == "refused")
    }
}
