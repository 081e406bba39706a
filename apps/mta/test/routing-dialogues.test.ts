import { playDialogues } from './play-dialogues.ts'

playDialogues('routing')
