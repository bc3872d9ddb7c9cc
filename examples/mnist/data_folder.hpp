// Where the files of MNIST are.
#pragma once

#include "options.hpp"

#include <string>

/// --data, or the first of the usual folders that has the files. Throws std::runtime_error, with words on how
/// to get them, when none has.
std::string find_data_folder(const options& chosen);
