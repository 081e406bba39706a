import { smtpDefaults } from '../src/default-options.ts'

export const options = smtpDefaults('client.example')
