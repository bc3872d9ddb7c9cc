// The row of a summary that says what comes out of the whole.
#pragma once

#include <string>

inline std::string last_row(const std::string& table) { return table.substr(table.rfind('\n', table.size() - 2) + 1); }
