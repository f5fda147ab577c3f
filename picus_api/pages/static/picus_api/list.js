// What a list has beside the parts of every page.
import "./column_choice.js";
import "./filter_builder.js";
import "./item_count.js";
import "./previous_page.js";
import "./selection.js";

for (const element of document.querySelectorAll("[data-script-only]")) element.hidden = false;
