// A program written down: the operations of a function, as they were called. Made by `capture`.
#pragma once

#include <xgrad/autograd/any_tensor.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/core/spans.hpp>
#include <xgrad/core/text.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace xgrad::inline XGRAD_ABI {

/// The operations of a function in the order in which they were called, each with those it is made of.
///
/// A value is an argument of the function, a constant (a tensor that no operation of the function has made: a
/// weight), or a result. Operations name values by their numbers.
struct program {
    static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

    enum class origin { argument, constant, result };
    struct value {
        origin from;
        dtype type;
        xgrad::shape shape;
        any_tensor constant{};   ///< of a constant, its elements
    };
    struct input {
        std::string name;
        std::size_t value;   ///< `none` for an optional one that was not given
    };
    struct attribute {
        std::string name;
        std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>, std::vector<double>> value;
    };
    struct operation {
        std::string name;
        std::vector<input> inputs{};
        std::vector<attribute> attributes{};
        std::vector<std::size_t> results{};
        std::vector<operation> made_of{};                      ///< the operations that it called itself
        std::shared_ptr<const callable_operation> again{};     ///< calls it on other inputs
    };

    std::vector<value> values;
    std::vector<std::size_t> arguments;
    std::vector<operation> operations;
    std::vector<std::size_t> results;

    /// The results for other arguments, by the same operations: bit for bit what the function gives, as long as it
    /// calls the same operations whatever the elements are. Throws `value_error`, `dtype_error` and `shape_error` where
    /// the arguments are not of the number, types and shapes that it was captured with.
    template <class = void>   // on demand
    std::vector<any_tensor> run(std::span<const any_tensor> given) const;
};

namespace detail {

/// What the attribute of this name says, if it is there and of this type.
template <class Value>
Value attribute_of(const std::vector<program::attribute>& list, std::string_view name, Value otherwise) {
    for (const auto& each : list)
        if (const auto* const value = std::get_if<Value>(&each.value); value != nullptr && each.name == name) return *value;
    return otherwise;
}

/// Whether a function of somebody's own is among them: the operation may then have any name (`custom`).
XGRAD_ON_DEMAND bool holds_function(const std::vector<program::attribute>& list) {
    return lists::any_of(list, [](const program::attribute& each) {
        const auto* const text = std::get_if<std::string>(&each.value);
        return text != nullptr && *text == text_of_function;
    });
}

XGRAD_ON_DEMAND void append_text(std::string& text, const program::attribute& of) {
    text += of.name;
    text += '=';
    std::visit([&](const auto& value) {
        using type = std::remove_cvref_t<decltype(value)>;
        if constexpr (std::is_same_v<type, bool>) text += value ? "true" : "false";
        else if constexpr (std::is_same_v<type, std::vector<double>>) {
            text += '{';
            for (auto i = std::size_t{0}; i < value.size(); ++i) {
                if (i != 0) text += ", ";
                append_text(text, value[i]);
            }
            text += '}';
        } else append_text(text, value);
    }, of.value);
}

/// "a0", "c3", "v5": an argument, a constant, a result, by the value's number.
XGRAD_ON_DEMAND std::string value_name(const program& of, std::size_t number) {
    if (number == program::none) return "none";
    constexpr const char* letters[] = {"a", "c", "v"};
    return joined_text(letters[static_cast<std::size_t>(of.values[number].from)], number);
}

XGRAD_ON_DEMAND std::string typed_name(const program& of, std::size_t number) {
    return joined_text(value_name(of, number), ": ", dtype_name(of.values[number].type), " ", of.values[number].shape);
}

/// "a0: float32 (2, 3), a1: ..."
template <class Name>
std::string listed(const std::vector<std::size_t>& numbers, const Name& name) {
    auto text = std::string{};
    for (const auto each : numbers) (text += text.empty() ? "" : ", ") += name(each);
    return text;
}

XGRAD_ON_DEMAND void append_operations(std::string& text, const program& of, const std::vector<program::operation>& operations,
                              std::size_t indent) {
    for (const auto& each : operations) {
        text.append(indent, ' ');
        text += listed(each.results, [&](std::size_t number) { return typed_name(of, number); });
        ((text += " = ") += each.name) += '(';
        auto first = true;
        const auto comma = [&] { return std::exchange(first, false) ? "" : ", "; };
        for (const auto& input : each.inputs) (((text += comma()) += input.name) += '=') += value_name(of, input.value);
        for (const auto& attribute : each.attributes) append_text(text += comma(), attribute);
        text += ")\n";
        append_operations(text, of, each.made_of, indent + 4);
    }
}

}  // namespace detail

/// The program as text: an operation in each line, those it is made of beneath it, further to the right.
XGRAD_ON_DEMAND std::string to_string(const program& of) {
    using namespace detail;
    const auto typed = [&](std::size_t number) { return typed_name(of, number); };
    auto text = joined_text("program(", listed(of.arguments, typed), ")\n");
    for (auto number = std::size_t{0}; number < of.values.size(); ++number)
        if (of.values[number].from == program::origin::constant) text += joined_text("    constant ", typed(number), "\n");
    append_operations(text, of, of.operations, 4);
    return text + joined_text("    return ", listed(of.results, [&](std::size_t number) { return value_name(of, number); }), "\n");
}

template <class Stream>
    requires requires(Stream& stream, const std::string& text) { stream << text; }
Stream& operator<<(Stream& stream, const program& of) {
    stream << to_string(of);
    return stream;
}

namespace detail {

/// Not `quoted`: the one of the standard library would be found as well, by the argument.
XGRAD_ON_DEMAND std::string in_quotes(const std::string& label) {
    auto text = std::string{"\""};
    for (const auto letter : label) {
        if (letter == '"' || letter == '\\') text += '\\';
        if (letter == '\n') text += "\\n";
        else text += letter;
    }
    return text + '"';
}

}  // namespace detail

/// The program as a graph in Graphviz's language: `dot -Tsvg`. Boxes are operations with their attributes, ellipses
/// arguments and results, notes constants; a line is a value, with its shape.
inline std::string to_dot(const program& of) {
    using namespace detail;
    auto text = std::string{"digraph program {\n    node [fontname=\"sans-serif\", fontsize=11];\n"
                            "    edge [fontname=\"sans-serif\", fontsize=9];\n"};
    auto from = std::vector<std::string>(of.values.size());
    for (auto number = std::size_t{0}; number < of.values.size(); ++number) {
        if (of.values[number].from == program::origin::result) continue;
        const auto is_constant = of.values[number].from == program::origin::constant;
        from[number] = value_name(of, number);
        text += joined_text("    ", from[number], " [shape=", is_constant ? "note" : "ellipse", ", label=",
                            in_quotes(value_name(of, number)), "];\n");
    }
    const auto line = [&](std::size_t number, const std::string& to, const std::string& name) {
        if (number == program::none) return;
        const auto& sizes = of.values[number].shape;
        text += joined_text("    ", from[number], " -> ", to, " [label=", in_quotes(joined_text(name, name.empty() ? "" : " ", sizes)), "];\n");
    };
    for (auto i = std::size_t{0}; i < of.operations.size(); ++i) {
        const auto& each = of.operations[i];
        const auto node = joined_text("op", i);
        auto label = each.name;
        for (const auto& attribute : each.attributes) append_text(label += '\n', attribute);
        text += joined_text("    ", node, " [shape=box, label=", in_quotes(label), "];\n");
        for (const auto& input : each.inputs) line(input.value, node, input.name);
        for (const auto number : each.results) from[number] = node;
    }
    for (auto i = std::size_t{0}; i < of.results.size(); ++i) {
        const auto node = joined_text("result", i);
        text += joined_text("    ", node, " [shape=ellipse, label=", in_quotes(value_name(of, of.results[i])), "];\n");
        line(of.results[i], node, "");
    }
    return text + "}\n";
}

template <class>
std::vector<any_tensor> program::run(std::span<const any_tensor> given) const {
    if (given.size() != arguments.size())
        fail<value_error>("program", given.size(), " arguments, captured with ", arguments.size());
    auto at = std::vector<any_tensor>(values.size());
    for (auto number = std::size_t{0}; number < values.size(); ++number) at[number] = values[number].constant;
    for (auto i = std::size_t{0}; i < given.size(); ++i) {
        const auto& wanted = values[arguments[i]];
        if (given[i].type() != wanted.type)
            fail<dtype_error>("program", "argument ", i, " is ", dtype_name(given[i].type()), ", captured as ", dtype_name(wanted.type));
        if (given[i].shape() != wanted.shape)
            fail<shape_error>("program", "argument ", i, " is ", given[i].shape(), ", captured as ", wanted.shape);
        at[arguments[i]] = given[i];
    }
    auto last_use = std::vector<std::size_t>(values.size(), 0);   // after it, a result's memory goes back
    for (auto i = std::size_t{0}; i < operations.size(); ++i)
        for (const auto& given_to : operations[i].inputs)
            if (given_to.value != none) last_use[given_to.value] = i;
    for (const auto number : results)
        if (number != none) last_use[number] = operations.size();
    for (auto i = std::size_t{0}; i < operations.size(); ++i) {
        const auto& each = operations[i];
        auto inputs = std::vector<any_tensor>{};
        for (const auto& given_to : each.inputs) inputs.push_back(given_to.value == none ? any_tensor{} : at[given_to.value]);
        auto made = (*each.again)(detail::span_of(inputs));
        for (const auto& given_to : each.inputs)
            if (given_to.value != none && last_use[given_to.value] == i) at[given_to.value] = {};
        for (auto k = std::size_t{0}; k < made.size(); ++k) at[each.results[k]] = std::move(made[k]);
    }
    auto result = std::vector<any_tensor>{};
    for (const auto number : results) result.push_back(number == none ? any_tensor{} : at[number]);
    return result;
}

}  // namespace xgrad
