export { MasterError, type MasterErrorCode } from './errors.ts'
export { InstanceLock, runningInstance } from './instance-lock.ts'
export { type ConnectionHandler, type Endpoint, Listeners } from './listeners.ts'
export {
  dropPrivileges,
  lookUpMailOwner,
  type MailOwner,
  type ProcessIdentity,
} from './privileges.ts'
export { type ServicePlaces, serviceEndpoints } from './service-endpoints.ts'
export { type ProgramTypes, planServices, programOf, type ServicePlan } from './service-plan.ts'
