// The first tensors: made, looked at, computed with. A tensor is numbers in rows and columns, or along more axes than two.
#include <xgrad/xgrad.hpp>

#include <iostream>

namespace xg = xgrad;

int main() {
    const auto prices = xg::tensor<float, 1>{2, 3, 5};                     // (3): of bread, milk, cheese
    const auto bought = xg::tensor<float, 2>{{1, 2, 0}, {3, 0, 1}};        // (2, 3): what two people have bought
    std::cout << "bought, " << bought.shape() << ":\n" << bought << '\n';

    const auto spent = bought * prices;                                    // (2, 3): the row of prices beside each row
    std::cout << "spent:\n" << spent << '\n';
    std::cout << "by each: " << xg::sum(spent, 1) << ", in all: " << xg::sum(spent).item() << '\n';
    std::cout << "the same as a product: " << xg::matmul(bought, prices) << '\n';

    std::cout << "the second has bought " << bought(1, 0) << " loaves\n";   // one number
    std::cout << "spent on milk:\n" << xg::narrow(spent, 1, 1, 1) << '\n';   // axis 1, from 1 on, one column
    std::cout << "as a row: " << xg::reshape(spent, {6}) << '\n';

    try {
        const auto wrong = bought * xg::tensor<float, 1>{2, 3};
    } catch (const xg::shape_error& said) {
        std::cout << said.what() << '\n';
    }
}
