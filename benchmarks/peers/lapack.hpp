// The cases of linear algebra, of a library that has LAPACK.
#pragma once

namespace bench {

void add_lapack();

}  // namespace bench
