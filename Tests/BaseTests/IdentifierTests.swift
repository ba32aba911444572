import Base
import Testing

@Suite struct IdentifierTests {
    @Test func `a TypeID of the specification reads and writes the same`() throws {
        // The published vector: 00000000-0000-0000-0000-00000000000a and ffffffff-... of typeid's valid.yml.
        let ten = try #require(UUIDBits(hyphenated: "00000000-0000-0000-0000-00000000000a".utf8))
        #expect(ID<AgentKind>(ten).description == "agent_0000000000000000000000000a")
        let most = try #require(UUIDBits(hyphenated: "ffffffff-ffff-ffff-ffff-ffffffffffff".utf8))
        #expect(ID<AgentKind>(most).description == "agent_7zzzzzzzzzzzzzzzzzzzzzzzzz")
        let mixed = try #require(UUIDBits(hyphenated: "0188bac7-4afa-78aa-bc3b-bd1eef28d881".utf8))
        #expect(ID<AgentKind>(mixed).description == "agent_01h2xcejqtf2nbrexx3vqjhp41")
        #expect(AgentID("agent_01h2xcejqtf2nbrexx3vqjhp41")?.uuid == mixed)
        #expect(mixed.description == "0188bac7-4afa-78aa-bc3b-bd1eef28d881")
    }

    @Test(arguments: [
        "key_01h2xcejqtf2nbrexx3vqjhp41", "agent_81h2xcejqtf2nbrexx3vqjhp41", "agent_01h2xcejqtf2nbrexx3vqjhp4",
        "agent_01H2XCEJQTF2NBREXX3VQJHP41", "agent-01h2xcejqtf2nbrexx3vqjhp41", "agent_01h2xcejqtf2nbrexx3vqjhp4l", "",
    ])
    func `a wrong prefix, case, length or character is no id`(_ text: String) {
        #expect(AgentID(text) == nil)
    }

    @Test func `new ids carry version 7, the variant and the clock`() {
        let id = ExecutionID.make()
        #expect(id.uuid.high >> 12 & 15 == 7)
        #expect(id.uuid.low >> 62 == 2)
        #expect(ExecutionID(id.description) == id)
        #expect(UUIDBits(hyphenated: id.uuid.description.utf8) == id.uuid)
    }
}
