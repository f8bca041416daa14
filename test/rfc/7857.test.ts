import { SECTIONS } from './requirement/catalogue.ts';
import { declareSection } from './requirement/suite.ts';

declareSection(SECTIONS.rfc7857);
