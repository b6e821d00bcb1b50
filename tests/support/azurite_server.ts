/** Azurite's blob service; its command line is the process's. */
import "azurite/dist/src/blob/main.js";
