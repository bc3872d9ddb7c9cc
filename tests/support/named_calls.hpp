// The table of calls: every public operation, called as a user does, which is then written down.
//
//     const auto known = named_calls::table{
//         CALL(expand, x, {2, -1}),
//         CALL(expand, x, {4, 2, 3}),   // several calls of one: what tells their results apart stands in the attributes
//     };
//
// Looked at in ops/named_calls.cpp: the program is one operation of the name that was called, it gives the same bits again, and
// two calls with other results say something else. There, too, docs/operations.txt is asked which operations are in no row.
#pragma once

#include <xgrad/autograd/any_tensor.hpp>
#include <xgrad/autograd/operation.hpp>

#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

namespace named_calls {

using results = std::vector<xgrad::any_tensor>;

struct row {
    std::string name;
    std::string text;                   ///< the arguments, as they stand in the source
    std::function<results()> call;
};

/// All rows of the program's files.
inline std::vector<row>& all_rows() {
    static auto rows = std::vector<row>{};
    return rows;
}

struct table {
    table(std::initializer_list<row> rows) { all_rows().insert(all_rows().end(), rows); }
};

}  // namespace named_calls

/// `CALL(name, arguments...)`; `CALL_OF(name, (<types>), arguments...)` with template arguments.
#define CALL(name, ...) \
    named_calls::row { #name, #__VA_ARGS__, [] { return xgrad::detail::tensors_of(xgrad::name(__VA_ARGS__)); } }
#define CALL_OF(name, type, ...) \
    named_calls::row { #name, #type ": " #__VA_ARGS__, [] { return xgrad::detail::tensors_of(xgrad::name<type>(__VA_ARGS__)); } }
