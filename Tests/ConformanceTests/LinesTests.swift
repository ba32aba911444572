import Testing

extension Conformance {
    @Suite struct LinesTests {
        private func answers(_ lines: String) async throws -> [String] {
            let result = try #require(try await ConformProgram.run(ConformProgram.path, ["lines"], input: Array(lines.utf8)))
            #expect(result.status == 0)
            return result.output.split(separator: "\n").map(String.init)
        }

        @Test func `each line is answered by one line, in order, the last one without a line feed too`() async throws {
            let answers = try await answers(
                #"""
                {"op":"json.parse","b64":"e30="}
                {"op":"json.parse","b64":"ew=="}
                {"op":"hmac","hash":"sha1","key":"","msg":""}
                {"op":"hkdf","hash":"sha256","ikm":"00","salt":"","info":"","size":8161}
                {"op":"totp","alg":"SHA-1","secret":"3132333435363738393031323334353637383930","t":59,"digits":8,"step":30}
                """#)
            #expect(
                answers == [
                    #"{"ok":true}"#, #"{"ok":false}"#, #"{"mac":"fbdb1d1b18aa6c08324b7d64b71fb76370690e1d"}"#, #"{"ok":false}"#,
                    #"{"code":"94287082"}"#,
                ])
        }

        @Test func `an operation or a hash that is not known is skipped`() async throws {
            let answers = try await answers(
                #"""
                {"op":"no.such.operation"}
                {"op":"hmac","hash":"md5","key":"","msg":""}
                {"op":"rsa.verify","pad":"pss","hash":"sha1","der":"","msg":"","sig":""}
                {"op":"aesgcm.open","key":"00","iv":"00","aad":"","ct":"","tag":""}

                """#)
            #expect(answers == Array(repeating: #"{"skip":true}"#, count: 4))
        }

        @Test(arguments: [
            #"{"op":"html.text","html":"\ud800"}"#, "{", "", "[]", "{}", #"{"op":"html.text"}"#,
            #"{"op":"hmac","hash":"sha1","key":"0","msg":""}"#,
            #"{"op":"json.parse","b64":"e30"}"#,
        ])
        func `a line that can't be read or lacks a field is a failure to every driver, never a refusal`(_ line: String)
            async throws
        {
            let answers = try await answers(line + "\n" + #"{"op":"none"}"# + "\n")
            #expect(answers.count == 2)
            #expect(answers.first?.hasPrefix(#"{"crash":""#) == true)
            #expect(answers.last == #"{"skip":true}"#)
        }

        @Test func `a wrong call says how it is called and fails`() async throws {
            for arguments in [[], ["lines", "more"], ["echo"], ["echo", "70000"], ["echo", "x"]] {
                #expect(try await ConformProgram.run(ConformProgram.path, arguments)?.status == 64)
            }
        }
    }
}
