// What the target of each act is, so that its id is shown with the right prefix.

extension AuditAction {
    /// The prefix of the target's id.
    var targetPrefix: String {
        switch self {
        case .tenantCreated, .tenantUpdated, .tenantSuspended, .tenantResumed, .tenantExported, .tenantDeletionRequested,
            .tenantRestored, .tenantPlanChanged, .auditExported:
            "tenant"
        case .userInvited, .invitationRevoked, .invitationAccepted: "inv"
        case .sessionEnded, .tokenReused: "sess"
        case .roleCreated, .roleUpdated, .roleDeleted: "role"
        case .keyCreated, .keyUpdated, .keyRotated, .keyRevoked: "key"
        case .agentCreated, .agentUpdated, .agentDeleted, .agentStarted, .agentPaused, .agentStopped: "agent"
        case .taskCreated, .taskUpdated, .taskDeleted, .taskPaused, .taskResumed, .taskArchived: "task"
        case .flowCreated, .flowUpdated, .flowDeleted, .flowPaused, .flowResumed, .flowArchived: "flow"
        case .automationCreated, .automationUpdated, .automationDeleted, .automationPaused, .automationResumed,
            .automationArchived:
            "auto"
        case .scheduleCreated, .scheduleUpdated, .scheduleDeleted, .schedulePaused, .scheduleResumed: "sched"
        case .agentTriggered, .taskRun, .flowRun, .automationRun, .executionCancelled, .executionPaused, .executionResumed,
            .executionSignalled, .executionAnswered,
            .executionResolved,
            .executionReplayed:
            "exec"
        case .datasetCreated, .datasetUpdated, .datasetDeleted, .datasetRecordsWritten, .datasetRecordDeleted, .datasetExported:
            "dataset"
        default: "user"
        }
    }
}
