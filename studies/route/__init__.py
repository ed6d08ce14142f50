"""What routing by a read answer buys: accuracy against cost, beside the rules that other routers follow."""
