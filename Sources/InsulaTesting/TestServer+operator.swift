// What those who run an installation do in tests: operators' keys, and housekeeping when a test wants it.

import Assembly
import Base
import Loop
import Tenancy

extension TestServer {
    /// The text of a new operator's key.
    public func operatorKey(name: String = "test") async throws(Fault) -> String {
        let operators = Operators(database: operating)
        let outcome = await visitors.loops[0].call { () -> Result<String, Fault> in
            do throws(Fault) {
                return .success(TestServer.spell(try await operators.create(name: name).key))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// Revokes an operator's key, as the command line does.
    public func revokeOperator(_ id: OperatorID) async throws(Fault) {
        let operators = Operators(database: operating)
        let fault = await visitors.loops[0].call { () -> Fault? in
            do throws(Fault) {
                try await operators.revoke(id)
                return nil
            } catch {
                return error
            }
        }
        if let fault { throw fault }
    }

    /// A client with a new operator's key.
    public func operatorClient() async throws(Fault) -> TestClient { client(key: try await operatorKey()) }

    /// The loop that clients live on, for tests that read by themselves.
    public var readersLoop: EventLoop { visitors.loops[0] }

    /// One round of this server's housekeeping.
    /// - Returns: how many rows were removed.
    @discardableResult public func keepHouse() async throws(Fault) -> Int {
        let housekeeping = composition.housekeeping
        let outcome = await group.loops[0].call { () -> Result<Int, Fault> in
            do throws(Fault) {
                return .success(try await housekeeping.round())
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }
}
